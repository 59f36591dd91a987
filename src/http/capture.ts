export { capturePages } from './capture/pages.tsx';
