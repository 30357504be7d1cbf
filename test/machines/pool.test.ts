import { describeChart } from '../support/chart.ts';
import { poolChecks } from './checks/pool.ts';

describeChart(poolChecks);
