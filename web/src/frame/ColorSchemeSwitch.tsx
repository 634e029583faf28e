/** The button that changes between light and dark; until it is used, the page follows the system. */
import { ActionIcon, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import styles from './Frame.module.css';

const sun = (
  <>
    <circle cx="12" cy="12" r="4" />
    <path d="M12 3v2m0 14v2M3 12h2m14 0h2M5.6 5.6 7 7m10 10 1.4 1.4m0-12.8L17 7M7 17l-1.4 1.4" />
  </>
);
const moon = <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z" />;

/** Shows the scheme that a press leads to. */
export function ColorSchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const current = useComputedColorScheme('light', { getInitialValueInEffect: false });
  const next = current === 'dark' ? 'light' : 'dark';
  const label = `Switch to ${next} colours`;
  return (
    <ActionIcon
      className={styles.switch ?? ''}
      variant="subtle"
      color="gray"
      size={40}
      aria-label={label}
      title={label}
      data-testid="color-scheme"
      onClick={() => setColorScheme(next)}
    >
      <svg width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.8" aria-hidden>
        {next === 'light' ? sun : moon}
      </svg>
    </ActionIcon>
  );
}
