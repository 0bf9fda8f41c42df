// The risk map as rows a page can show: one value a cell for any month, recorded or forecast.
import type { Schemas } from "../api/client";
import { shade } from "../map/colours";
import type { Scale } from "../map/colours";

export type RiskData = Schemas["RiskMap"];
export type Show = "mean" | "chance" | "high";

export interface Slice {
  month: string;
  ahead: boolean;
  values: (number | null)[];
  low: (number | null)[] | null;
  high: (number | null)[] | null;
  chance: (number | null)[] | null;
}

export function slices(data: RiskData): Slice[] {
  return [
    ...data.history.map((one): Slice => ({ month: one.month, ahead: false, values: one.deaths, low: null, high: null, chance: null })),
    ...data.forecast.map((one): Slice => ({
      month: one.month, ahead: true, values: one.mean, low: one.low_80, high: one.high_80, chance: one.p_any,
    })),
  ];
}

// What a month shows: for a recorded month always what was recorded; chance is then yes or no.
export function valuesOf(slice: Slice, show: Show): (number | null)[] {
  if (!slice.ahead) return show === "chance" ? slice.values.map((v) => (v === null ? null : v > 0 ? 1 : 0)) : slice.values;
  return show === "chance" ? slice.chance! : show === "high" ? slice.high! : slice.values;
}

export const total = (values: (number | null)[]): number => values.reduce<number>((sum, v) => sum + (v ?? 0), 0);

export function shadesOf(values: (number | null)[], scale: Scale): number[] {
  return values.map((value) => shade(value, scale));
}

export function differences(of: Slice, against: Slice): (number | null)[] {
  return of.values.map((value, i) => {
    const other = against.values[i];
    return value === null || other === null || other === undefined ? null : value - other;
  });
}

// Ring that says how much worse a month could be: its area grows with the high end of the 80 % interval.
export function ringsOf(slice: Slice): number[] {
  return slice.values.map((_, i) => {
    const high = slice.high?.[i] ?? 0;
    return high >= 0.5 ? Math.round(Math.min(13, 2.5 + 2.2 * Math.sqrt(high))) : 0;
  });
}
