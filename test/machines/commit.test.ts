import { describeChart } from '../support/chart.ts';
import { commitChecks } from './checks/commit.ts';

describeChart(commitChecks);
