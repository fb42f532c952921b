import { command } from '../command.ts';
import { reportLines } from '../tour/report.ts';
import { takeTour } from '../tour/take-tour.ts';

export const tour = command({
  name: 'tour',
  examples: [
    ['dumont tour', 'about a minute; needs no account, and touches none of your workspaces'],
    ['dumont tour --json', 'one document with what was found, at the end'],
  ],
  async run({ screen, signal }) {
    const report = await takeTour(screen, signal);
    if (screen.json) screen.printJson(report);
    else screen.print(...reportLines(report, screen));
    return 0;
  },
});
