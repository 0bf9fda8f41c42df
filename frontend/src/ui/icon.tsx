import type { IconNode } from "lucide";
import { h } from "preact";

// A line icon; it says nothing by itself, so screen readers pass over it.
export function Icon({ node, size = 18 }: { node: IconNode; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75"
      stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      {node.map(([tag, attributes]) => h(tag, attributes as Record<string, string>))}
    </svg>
  );
}
