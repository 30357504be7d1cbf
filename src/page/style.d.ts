/** Style sheets are bundled by Vite, and export nothing. */
declare module '*.css';
