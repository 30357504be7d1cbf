import { describeChart } from '../support/chart.ts';
import { shutdownChecks } from './checks/shutdown.ts';

describeChart(shutdownChecks);
