import { createRoute } from '@tanstack/react-router';
import { lazyScreen } from '../../app/lazy-screen';
import { publicRoute } from '../../app/routes';

const screen = (name: 'SetupScreen' | 'VerifyEmailScreen' | 'ResetPasswordScreen' | 'ForgotPasswordScreen') =>
  lazyScreen(() => import('./MailLinkScreens'), name);

export const setupRoute = createRoute({
  getParentRoute: () => publicRoute,
  path: '/setup',
  component: screen('SetupScreen'),
});
export const verifyEmailRoute = createRoute({
  getParentRoute: () => publicRoute,
  path: '/verify-email',
  component: screen('VerifyEmailScreen'),
});
export const resetPasswordRoute = createRoute({
  getParentRoute: () => publicRoute,
  path: '/reset-password',
  component: screen('ResetPasswordScreen'),
});
export const forgotPasswordRoute = createRoute({
  getParentRoute: () => publicRoute,
  path: '/forgot-password',
  component: screen('ForgotPasswordScreen'),
});
