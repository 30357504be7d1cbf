import { describeChart } from '../support/chart.ts';
import { connectionChecks } from './checks/connection.ts';

describeChart(connectionChecks);
