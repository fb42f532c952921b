import { HostsJson, hostsJson } from '../json/host.ts';
import { NeedQuery, needFrom, OffersJson, offersJson } from '../json/offer.ts';
import { route } from '../route.ts';

/** What could be rented, and what we remember of whom it was rented from. */
export const marketRoutes = [
  route({
    method: 'get',
    path: '/api/v1/offers',
    verb: 'offers',
    query: NeedQuery,
    answers: { 200: OffersJson },
    async answer({ engine, query, signal }) {
      return { status: 200, body: offersJson(await engine.offers(needFrom(query), signal)) };
    },
  }),

  route({
    method: 'get',
    path: '/api/v1/hosts',
    verb: 'hosts',
    answers: { 200: HostsJson },
    async answer({ engine }) {
      return { status: 200, body: hostsJson(await engine.hosts()) };
    },
  }),
];
