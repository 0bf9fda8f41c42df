// The places of the room, in the order of the navigation. A place is here from the day it works.
import { Activity, Compass, Ear, GraduationCap, Map as MapIcon, Sunrise } from "lucide";
import type { IconNode } from "lucide";
import type { Key } from "../words";

export interface Place {
  path: string;
  name: Key;
  icon: IconNode;
  key: string;
}

export const PLACES: Place[] = [
  { path: "/today", name: "place.today", icon: Sunrise, key: "t" },
  { path: "/assess", name: "place.assess", icon: MapIcon, key: "e" },
];
export const ICONS = { Activity, Compass, Ear, GraduationCap };
