import { moment, t, word } from "../words";
import type { Line } from "./cases";

export function History({ lines }: { lines: Line[] }) {
  if (!lines.length) return null;
  return (
    <details class="history"><summary>{t("history.title", { n: lines.length })}</summary>
      <ol>{lines.map((line) => <li key={line.id}><time class="quiet">{moment(line.at)}</time> {word("did", line.what)} {line.who === "program" && <span class="tag">{t("history.program")}</span>}</li>)}</ol>
    </details>
  );
}
