// The rota of the coming week: shifts, and who cannot be paged.
import { useData } from "../api/client";
import { Shown } from "../ui/states";
import { moment, t, word } from "../words";

interface Turn { id: number; role?: string; person: string; first_at: string; last_at: string }
interface Rota { shifts: Turn[]; away: Turn[] }

const hour = (ahead: number): string => `${new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 13)}:00:00Z`;

export function Week() {
  const rota = useData<Rota>(`/api/duty/rota?from=${hour(0)}&to=${hour(7)}`);
  const lines = (rows: Turn[]) => (
    <tbody>{[...rows].sort((a, b) => Date.parse(a.first_at) - Date.parse(b.first_at)).map((one) => (
      <tr key={`${one.role ?? "away"} ${one.id}`}><th scope="row">{one.role ? word("duty_role", one.role) : t("duty.away")}</th><td dir="auto" class="break">{one.person}</td><td>{moment(one.first_at)}</td><td>{moment(one.last_at)}</td></tr>
    ))}</tbody>
  );
  return (
    <section class="card"><h2>{t("duty.week")}</h2>
      <Shown of={rota}>{(found) => found.shifts.length + found.away.length === 0 ? <p>{t("duty.week.none")}</p> : (
        <table><thead><tr><th scope="col">{t("duty.role")}</th><th scope="col">{t("duty.person")}</th><th scope="col">{t("duty.from")}</th><th scope="col">{t("duty.to")}</th></tr></thead>
          {lines(found.shifts)}{lines(found.away)}</table>
      )}</Shown>
    </section>
  );
}
