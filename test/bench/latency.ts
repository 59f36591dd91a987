import type { Bench } from './figures.ts';
export const latency: Bench = async () => [];
