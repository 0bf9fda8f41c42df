// The places of the room, in the order of the navigation. A place is here from the day it works.
import { Compass, Ear, GraduationCap, ListChecks, Map as MapIcon, Radio, Sunrise } from "lucide";
import type { IconNode } from "lucide";
import type { Key } from "../words";

export interface Place {
  path: string;
  name: Key;
  icon: IconNode;
  key: string;
  needs: string[]; // shown to who may do one of these
}

export const PLACES: Place[] = [
  { path: "/today", name: "place.today", icon: Sunrise, key: "t", needs: [] },
  { path: "/listen", name: "place.listen", icon: Ear, key: "l", needs: ["read alert", "read report"] },
  { path: "/assess", name: "place.assess", icon: MapIcon, key: "e", needs: ["read forecast"] },
  { path: "/plan", name: "place.plan", icon: Compass, key: "p", needs: ["read plan"] },
  { path: "/act", name: "place.act", icon: ListChecks, key: "a", needs: ["read task", "read duty", "read warning"] },
  { path: "/learn", name: "place.learn", icon: GraduationCap, key: "n", needs: ["read run"] },
  { path: "/field", name: "place.field", icon: Radio, key: "f", needs: ["create report"] },
];

export const open = (may: string[] | undefined): Place[] =>
  PLACES.filter((place) => place.needs.length === 0 || !may || place.needs.some((need) => may.includes(need)));
