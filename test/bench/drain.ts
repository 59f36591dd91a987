import type { Bench } from './figures.ts';
export const drain: Bench = async () => [];
