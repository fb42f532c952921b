import { resticRepositories } from '../../engine/storage/repositories.ts';
import { s3Storage } from '../../engine/storage/s3.ts';
import { MASTER_KEY } from '../standins/r2/machine.ts';

/** A control host of its own, for who runs it; prints what it read and what it logged. */
const { place, restic, folder, workspace, id, paths } = JSON.parse(process.argv[2] ?? '');
const { signal } = new AbortController();
const logged: string[] = [];
using storage = s3Storage({ ...place, now: Date.now });
const options = { restic, storage, masterKey: MASTER_KEY, folder, connections: 8, now: Date.now };
const repositories = resticRepositories({ ...options, log: (event) => logged.push(event) });
const proof = await repositories.digests(workspace, id, paths, signal);
const drill = await repositories.restoreHere(workspace, id, { paths, whole: true }, signal);
console.log(JSON.stringify({ uid: process.getuid?.(), proof: [...proof], drill: [...drill.digests], logged }));
