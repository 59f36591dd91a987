import type { Bench } from './figures.ts';
export const start: Bench = async () => [];
