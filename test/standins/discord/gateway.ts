import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import type { State } from './state.ts';

/** The gateway: sessions, heartbeats, dispatches, resume with replay, and every way to be thrown out. */
export interface Gateway {
  dispatch(guild: string, event: string, payload: object): void;
  /** Ends every connection with this code; 1006 cuts it without a word. */
  close(code: number): void;
  /** Sends an opcode to everybody: 7 reconnect, 9 invalid session, 1 heartbeat now. */
  send(op: number, d: unknown): void;
  /** From now on whoever connects is thrown out with this code right after IDENTIFY; null ends that. */
  refuse(code: number | null): void;
  /** Nobody can connect at all. */
  down: boolean;
  /** It says nothing to heartbeats. */
  deaf: boolean;
  readonly identifies: number;
  readonly resumes: number;
  readonly connected: number;
  end(): void;
}

interface Session {
  readonly id: string;
  readonly shard: readonly [number, number];
  readonly sent: { readonly s: number; readonly frame: string }[];
  s: number;
  socket: WebSocket | null;
}

interface Frame {
  readonly op: number;
  readonly d: unknown;
}

const REPLAYED_MAX = 2_000;

export function openGateway(server: Server, state: State, url: () => string): Gateway {
  const sockets = new WebSocketServer({ noServer: true });
  const sessions = new Map<string, Session>();
  let refused: number | null = null;
  let identifies = 0;
  let resumes = 0;

  server.on('upgrade', (request, socket, head) => {
    if (gateway.down) return void socket.destroy();
    sockets.handleUpgrade(request, socket, head, (ws) => greet(ws));
  });

  function greet(ws: WebSocket): void {
    let session: Session | null = null;
    ws.on('error', () => undefined);
    ws.on('close', (code) => {
      if (session?.socket !== ws) return;
      session.socket = null;
      if (code === 1000 || code === 1001) sessions.delete(session.id);
    });
    ws.on('message', (data) => {
      const { op, d } = JSON.parse(String(data)) as Frame;
      if (op === 1) return gateway.deaf ? undefined : say(ws, { op: 11 });
      if (op === 2) session = identify(ws, d as Identify);
      else if (op === 6) session = resume(ws, d as Resume);
      else ws.close(4001, 'Unknown opcode');
    });
    say(ws, { op: 10, d: { heartbeat_interval: state.settings.heartbeatMs } });
  }

  function identify(ws: WebSocket, { token, intents, shard = [0, 1] }: Identify): Session | null {
    identifies += 1;
    if (refused !== null) return cut(ws, refused);
    if (token !== state.token) return cut(ws, 4004);
    if ((intents & PRIVILEGED) !== 0) return cut(ws, 4014);
    const session: Session = { id: randomUUID().replaceAll('-', ''), shard, sent: [], s: 0, socket: ws };
    sessions.set(session.id, session);
    const mine = [...state.guilds.values()].filter(({ id, here }) => here && shardOf(id, shard[1]) === shard[0]);
    put(session, 'READY', {
      v: 10,
      user: botUser(state),
      guilds: mine.map(({ id }) => ({ id, unavailable: true })),
      session_id: session.id,
      resume_gateway_url: url(),
      shard,
      application: { id: state.application, flags: 0 },
    });
    if ((intents & 1) !== 0) for (const guild of mine) put(session, 'GUILD_CREATE', guildOf(state, guild.id));
    return session;
  }

  function resume(ws: WebSocket, { token, session_id: id, seq }: Resume): Session | null {
    resumes += 1;
    if (refused !== null) return cut(ws, refused);
    if (token !== state.token) return cut(ws, 4004);
    const session = sessions.get(id);
    if (!session || (session.sent[0]?.s ?? 1) > seq + 1) {
      say(ws, { op: 9, d: false });
      return null;
    }
    session.socket = ws;
    for (const { s, frame } of session.sent) if (s > seq) ws.send(frame);
    put(session, 'RESUMED', {});
    return session;
  }

  function put(session: Session, t: string, d: object): void {
    session.s += 1;
    const frame = JSON.stringify({ op: 0, t, s: session.s, d });
    session.sent.push({ s: session.s, frame });
    if (session.sent.length > REPLAYED_MAX) session.sent.shift();
    if (session.socket?.readyState === OPEN) session.socket.send(frame);
  }

  const gateway: Gateway = {
    dispatch(guild, event, payload) {
      for (const session of sessions.values())
        if (shardOf(guild, session.shard[1]) === session.shard[0]) put(session, event, payload);
    },
    close(code) {
      for (const ws of sockets.clients) code === 1006 ? ws.terminate() : ws.close(code);
      if (code === 4009 || code === 4007) sessions.clear();
    },
    send(op, d) {
      for (const ws of sockets.clients) say(ws, { op, d });
    },
    refuse(code) {
      refused = code;
    },
    down: false,
    deaf: false,
    get identifies() {
      return identifies;
    },
    get resumes() {
      return resumes;
    },
    get connected() {
      return [...sessions.values()].filter(({ socket }) => socket?.readyState === OPEN).length;
    },
    end() {
      for (const ws of sockets.clients) ws.terminate();
      sockets.close();
    },
  };
  return gateway;
}

const OPEN = 1;
/** Guild members, presences and the content of messages. */
const PRIVILEGED = (1 << 1) | (1 << 8) | (1 << 15);

interface Identify {
  readonly token: string;
  readonly intents: number;
  readonly shard?: readonly [number, number];
}
interface Resume {
  readonly token: string;
  readonly session_id: string;
  readonly seq: number;
}

const shardOf = (guild: string, count: number): number => Number((BigInt(guild) >> 22n) % BigInt(count));

function cut(ws: WebSocket, code: number): null {
  ws.close(code);
  return null;
}

function say(ws: WebSocket, frame: object): void {
  if (ws.readyState === OPEN) ws.send(JSON.stringify({ t: null, s: null, ...frame }));
}

export function botUser(state: State): object {
  return {
    id: state.application,
    username: 'dumont',
    discriminator: '0000',
    global_name: null,
    avatar: null,
    bot: true,
    flags: 0,
    public_flags: 0,
    primary_guild: null,
  };
}

function guildOf(state: State, id: string): object {
  const channels = [...state.channels.values()].filter(({ guild }) => guild === id);
  return {
    id,
    name: state.guilds.get(id)?.name,
    channels: channels.map((one) => ({ id: one.id, type: 0, name: one.name, position: 0, permission_overwrites: [] })),
    roles: [{ id, name: '@everyone', permissions: '0', position: 0 }],
    members: [],
    member_count: 1,
  };
}
