/** The look of the library's components: the system's fonts, one blue for what can be acted on, a calm dark grey. */
import { createTheme, localStorageColorSchemeManager } from '@mantine/core';

/** Mantine's theme. Colours of the page itself are variables in styles.css. */
export const theme = createTheme({
  fontFamily: '-apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif',
  black: '#17202b',
  primaryColor: 'water',
  primaryShade: { light: 8, dark: 7 },
  defaultRadius: 'md',
  respectReducedMotion: true,
  cursorType: 'pointer',
  colors: {
    water: [
      '#e8f5fa',
      '#d3e7f0',
      '#a7cfe1',
      '#77b5d1',
      '#5aabd3',
      '#3991bc',
      '#2a8ab9',
      '#1a77a3',
      '#0b6e99',
      '#005c82',
    ],
    dark: [
      '#e4e8ee',
      '#c0c8d3',
      '#9aa5b5',
      '#6f7b8c',
      '#343c48',
      '#2a313c',
      '#1c222b',
      '#13171d',
      '#0f1318',
      '#0a0d11',
    ],
  },
});

/** Remembers light or dark in the browser; public/color-scheme.js reads the same key before the first paint. */
export const colorSchemeManager = localStorageColorSchemeManager({ key: 'millrace-color-scheme' });
