import { createTheme, type MantineColorsTuple } from '@mantine/core';

// Ai (藍), the indigo of Japanese dyers.
const ai: MantineColorsTuple = [
  '#e9f2fd', '#d0e2f8', '#a3c6f0', '#74a9e9', '#4d8fdf', '#3278cd', '#1f5fae', '#1a4f92', '#153f75', '#0f2f58',
];

export const theme = createTheme({
  primaryColor: 'ai',
  primaryShade: { light: 6, dark: 4 },
  colors: {
    ai,
    // Mantine's grey ramp for dark surfaces, tinted like our tokens.
    dark: ['#e4eaf3', '#a9b6c9', '#8190a6', '#5b6a80', '#37465c', '#263244', '#1b2534', '#141c28', '#0d131c', '#090e15'],
  },
  fontFamily: 'var(--y-font)',
  fontFamilyMonospace: 'var(--y-mono)',
  defaultRadius: 'md',
  radius: { md: '8px', sm: '6px' },
  cursorType: 'pointer',
  components: {
    Tooltip: { defaultProps: { openDelay: 400, withArrow: true, fz: 12 } },
    Button: { defaultProps: { size: 'xs', fw: 500 } },
    TextInput: { styles: { label: { fontWeight: 500, marginBottom: 3 } } },
    PasswordInput: { styles: { label: { fontWeight: 500, marginBottom: 3 } } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray' } },
    Menu: { defaultProps: { shadow: 'md', radius: 'md' } },
  },
});
