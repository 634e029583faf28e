/** A figure in the longest of its forms that fits on one line; the exact one is always in its title. */
import { useEffect, useRef, useState } from 'react';
import styles from './FittingText.module.css';

/** `forms` go from the exact one to the shortest, which is taken when none fits; some may be the same. */
export function FittingText({ forms }: { readonly forms: readonly string[] }) {
  const box = useRef<HTMLSpanElement>(null);
  const [chosen, choose] = useState(0);
  const distinct = [...new Set(forms)];
  const texts = distinct.join('\n');

  // biome-ignore lint/correctness/useExhaustiveDependencies: other texts have other widths
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = (): void => {
      const widths = [...element.querySelectorAll('[data-form]')].map((form) => form.getBoundingClientRect().width);
      const fitting = widths.findIndex((width) => width <= element.clientWidth);
      choose(fitting < 0 ? widths.length - 1 : fitting);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [texts]);

  return (
    <span ref={box} className={styles.box} title={distinct[0]}>
      {distinct[Math.min(chosen, distinct.length - 1)]}
      <span className={styles.forms} aria-hidden>
        {distinct.map((form) => (
          <span key={form} data-form={form} className={styles.form} />
        ))}
      </span>
    </span>
  );
}
