import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

/** The one accent. White on its shades 6 and 7, and shade 3 on the dark surfaces, have more than 4.5 : 1. */
const accent: MantineColorsTuple = [
  '#e6f5f2',
  '#cdeae4',
  '#9dd6cb',
  '#63c2b2',
  '#3faa98',
  '#258f7e',
  '#157a6a',
  '#0b6a5c',
  '#08574b',
  '#05443b',
];

/** The greys of the dark scheme, from text to the deepest surface. */
const dark: MantineColorsTuple = [
  '#e4e8eb',
  '#b6bfc7',
  '#9aa5ae',
  '#8b96a0',
  '#3a424a',
  '#2d343a',
  '#1d2125',
  '#14171a',
  '#101316',
  '#0b0d0f',
];

/** Dense and quiet: small type, small radius, one accent, no shadows on the page itself. */
export const theme = createTheme({
  primaryColor: 'accent',
  primaryShade: { light: 7, dark: 6 },
  colors: { accent, dark },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
  fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace",
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '19px' },
  spacing: { xs: '6px', sm: '10px', md: '14px', lg: '20px', xl: '28px' },
  radius: { sm: '5px' },
  components: {
    Button: { defaultProps: { size: 'xs' } },
    TextInput: { defaultProps: { size: 'sm' } },
    PasswordInput: { defaultProps: { size: 'sm' } },
    NativeSelect: { defaultProps: { size: 'sm' } },
    Textarea: { defaultProps: { size: 'sm' } },
    Badge: { defaultProps: { size: 'sm', radius: 'sm', variant: 'light' } },
  },
});

/** Mantine's own greys for dimmed text and error text have too little contrast; these have 4.5 : 1 and more. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#fbfcfc',
    '--mantine-color-text': '#1b2024',
    '--mantine-color-dimmed': '#58626b',
    '--mantine-color-placeholder': '#68727b',
    '--mantine-color-error': '#b3261e',
    '--mantine-color-default-border': '#cfd6db',
  },
  dark: {
    '--mantine-color-dimmed': '#9aa5ae',
    '--mantine-color-error': '#ff9a92',
    '--mantine-color-default-hover': '#262b30',
  },
});
