import { describeChart } from '../support/chart.ts';
import { forwardedClientChecks } from './checks/forwarded-client.ts';

describeChart(forwardedClientChecks);
