// What the component library knows as React. Preact runs insertion effects as late as layout effects, so the library
// would call its handlers before they are set; without them it falls back to setting handlers while rendering.
// @ts-expect-error the types of preact/compat are written in the old way
export * from "preact/compat";
export { default } from "preact/compat";
export const useInsertionEffect = undefined;
