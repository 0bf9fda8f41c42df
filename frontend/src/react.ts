// What the component library knows as React. Preact runs insertion effects as late as layout effects, so the library
// would call its handlers before they are set; without them it falls back to setting handlers while rendering.
import { options } from "preact";

// @ts-expect-error the types of preact/compat are written in the old way
export * from "preact/compat";
export { default } from "preact/compat";
export const useInsertionEffect = undefined;

// The library writes `currentTarget` on events it looks at again later. React's own events allow that, the browser's
// do not, and those are what Preact hands on: give each an own one that can be written.
const native = Object.getOwnPropertyDescriptor(Event.prototype, "currentTarget")!.get!;
const before = options.event;
options.event = (event) => {
  const told = before?.(event) ?? event;
  let later: EventTarget | null = null;
  Object.defineProperty(told, "currentTarget", { configurable: true, get: () => later ?? native.call(told), set: (at: EventTarget | null) => (later = at) });
  return told;
};
