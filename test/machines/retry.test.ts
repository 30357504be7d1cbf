import { describeChart } from '../support/chart.ts';
import { retryChecks } from './checks/retry.ts';

describeChart(retryChecks);
