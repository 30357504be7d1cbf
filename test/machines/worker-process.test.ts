import { describeChart } from '../support/chart.ts';
import { workerProcessChecks } from './checks/worker-process.ts';

describeChart(workerProcessChecks);
