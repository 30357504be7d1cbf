import { describeChart } from '../support/chart.ts';
import { workerChecks } from './checks/worker.ts';

describeChart(workerChecks);
