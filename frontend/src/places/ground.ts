import type { FeatureCollection } from "geojson";
import { useMemo } from "preact/hooks";
import { useData } from "../api/client";
import type { Ground } from "../map/base";

// Outline, areas and names under every map.
export function useGround(): Ground | null {
  const area = useData<FeatureCollection>("/api/assess/area").data;
  const places = useData<FeatureCollection>("/api/assess/places").data;
  return useMemo(() => (area && places ? { area, places } : null), [area, places]);
}
