/** Vite bundles style sheets. They export nothing. */
declare module '*.css';
