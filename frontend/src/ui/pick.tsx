import * as Ariakit from "@ariakit/react";

export interface Choice<T extends string> {
  value: T;
  name: string;
}

// One of a few, all in sight.
export function Segments<T extends string>({ label, value, choices, pick }: { label: string; value: T; choices: Choice<T>[]; pick: (value: T) => void }) {
  return (
    <Ariakit.RadioProvider value={value} setValue={(next) => pick(next as T)}>
      <Ariakit.RadioGroup className="segments" aria-label={label}>
        {choices.map((choice) => (
          <label key={choice.value} class="segment">
            <Ariakit.Radio className="segment-input" value={choice.value} />
            <span>{choice.name}</span>
          </label>
        ))}
      </Ariakit.RadioGroup>
    </Ariakit.RadioProvider>
  );
}

// One of many. The list is placed by the window, so that no dialog or card cuts it off.
export function Pick<T extends string>({ label, value, choices, pick }: { label: string; value: T; choices: Choice<T>[]; pick: (value: T) => void }) {
  return (
    <div class="pick">
      <Ariakit.SelectProvider value={value} setValue={(next: string | string[]) => pick(next as T)}>
        <Ariakit.SelectLabel className="pick-label">{label}</Ariakit.SelectLabel>
        <Ariakit.Select className="pick-button">
          <span>{choices.find((c) => c.value === value)?.name ?? value}</span>
          <Ariakit.SelectArrow />
        </Ariakit.Select>
        <Ariakit.SelectPopover className="menu" gutter={4} sameWidth fixed>
          {choices.map((choice) => (
            <Ariakit.SelectItem key={choice.value} className="menu-item" value={choice.value}>{choice.name}</Ariakit.SelectItem>
          ))}
        </Ariakit.SelectPopover>
      </Ariakit.SelectProvider>
    </div>
  );
}
