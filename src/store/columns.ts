/** Milliseconds since the epoch, in a 64-bit integer. */
export type Time = number;
/** JSON text: the same in SQLite and PostgreSQL. */
export type JsonText = string;
/** A text that `Sealer` made. */
export type Sealed = string;
/** 0 or 1: SQLite has no booleans. */
export type Flag = 0 | 1;
