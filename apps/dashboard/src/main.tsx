import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './theme.css';
import './shell/shell.css';
import './fleet/fleet.css';
import './host/host.css';
import { App } from './app.tsx';
import { startLive } from './live/live-state.ts';
import { followAddress } from './route.ts';
import { followTheme } from './theme.ts';

followTheme();
followAddress();
startLive();
render(<App />, document.body);
