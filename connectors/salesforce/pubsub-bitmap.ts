import type { AvroField } from './pubsub-avro.ts';

/** `0x…` speaks of the fields of the event itself, `<position>-0x…` of the parts of the field at that position, such as a compound address. */
const BITMAP = /^(?:(\d{1,5})-)?0x([0-9a-f]+)$/i;

/**
 * The names behind `changedFields`, `nulledFields` and `diffFields` of a change event: read as one number in hex, bit i, counted from the least, stands for field i
 * of the event's Avro schema. Parts of a compound field are named `Parent.Part`. What is no bitmap, or points past the fields, names nothing.
 */
export function fieldsIn(bitmaps: readonly string[], fields: readonly AvroField[]): string[] {
  return bitmaps.flatMap((bitmap) => {
    const [, position, hex] = BITMAP.exec(bitmap) ?? [];
    if (hex === undefined) return [];
    if (position === undefined) return marked(hex, fields);
    const parent = fields[Number(position)];
    return parent ? marked(hex, parent.type.fields).map((part) => `${parent.name}.${part}`) : [];
  });
}

/** Digit by digit from the right, for the number is as wide as the object has fields and a set bit beyond 2^53 must not get lost. */
function marked(hex: string, fields: readonly AvroField[]): string[] {
  return fields.flatMap(({ name }, index) => {
    const digit = hex.at(-1 - Math.floor(index / 4));
    return digit !== undefined && (Number.parseInt(digit, 16) >> (index % 4)) & 1 ? [name] : [];
  });
}
