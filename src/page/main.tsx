import './lib/language.ts';
import './style/base.css';
import './style/layout.css';
import './style/states.css';
import './style/figures.css';
import './style/work.css';
import './style/chart.css';
import './style/whole.css';
import 'uplot/dist/uPlot.min.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { followLinks } from './lib/router.ts';
import { restoreTheme } from './lib/theme.ts';

restoreTheme();
followLinks();
const root = document.querySelector('#page');
if (root !== null) render(<App />, root);
