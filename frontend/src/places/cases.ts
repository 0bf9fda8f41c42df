// Alerts, reports and tasks as the server gives them, and what the inbox does with them.
import { signal } from "@preact/signals";
import { Failure, changed, post } from "../api/client";
import { t } from "../words";
import type { Key } from "../words";

export interface Report {
  id: number;
  kind: string;
  practice: boolean;
  received_at: string;
  text: string | null;
  threat: string | null;
  imminence: string | null;
  actor: string | null;
  number: number | null;
  language: string | null;
  denied: boolean;
  place: string | null;
  lon: number | null;
  lat: number | null;
  radius_km: number | null;
  placed_by: string | null;
  area: string | null;
  state: string;
  dismissed_why: string | null;
  alert_id: number | null;
}

export interface PlaceCandidate {
  name: string;
  lon: number;
  lat: number;
  radius_km: number;
  score: number;
  evidence: string;
}

export interface Line {
  id: number;
  at: string;
  who: string;
  what: string;
  details: Record<string, unknown>;
}

export interface OneReport extends Report {
  places: PlaceCandidate[] | null;
  history: Line[];
  beside: { id: number; conflict_with: number | null; corrects: number | null; answers: number | null }[];
}

export interface Alert {
  id: number;
  state: string;
  practice: boolean;
  threat: string | null;
  imminence: string | null;
  actor: string | null;
  place: string | null;
  lon: number | null;
  lat: number | null;
  radius_km: number | null;
  area: string | null;
  component: string;
  reports: number;
  independent: number;
  reliability: string;
  credibility: string;
  priority: number;
  level: string;
  heard_at: string;
  last_at: string;
  acknowledge_by: string | null;
  decide_by: string | null;
  acknowledged_at: string | null;
  decided_at: string | null;
  changed: number;
  tlp: string;
  outcome: string | null;
}

export interface OneAlert extends Alert {
  reports_list: Report[];
  history: Line[];
}

export interface Rows<T> {
  rows: T[];
  next: string | null;
}

export interface Task {
  id: number;
  alert_id: number | null;
  what: string;
  tier: string;
  component: string;
  owner: string | null;
  responder: string;
  state: string;
  due_at: string;
  answer_by: string | null;
  answer_minutes: number | null;
  due_minutes: number | null;
  changed: number;
}

export interface Said {
  text: string;
  undo?: string;
  bad?: boolean;
}

// What was just done, said once at the foot of the screen, with the way back where there is one.
export const said = signal<Said | null>(null);

export async function deed(work: () => Promise<{ undo?: string } | unknown>, done: Key, fields: Record<string, string | number> = {}): Promise<boolean> {
  try {
    const answer = (await work()) as { undo?: string } | null;
    said.value = { text: t(done, fields), undo: answer?.undo };
    for (const part of ["/api/alerts", "/api/reports", "/api/tasks", "/api/duty", "/api/warnings"]) changed(part);
    return true;
  } catch (problem) {
    const failure = problem instanceof Failure ? problem : null;
    said.value = { text: failure?.title || t(`state.${failure?.trouble ?? "broken"}` as Key), bad: true };
    if (failure?.trouble === "conflict") changed("/api/");
    return false;
  }
}

export async function undo(name: string): Promise<void> {
  await deed(() => post(`/api/reports/undo/${encodeURIComponent(name)}`), "listen.undone");
}
