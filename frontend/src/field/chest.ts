// What waits on the device to be sent: sealed with a passphrase that is kept nowhere (PBKDF2-SHA-256, AES-256-GCM).
import { openDB } from "idb";
import type { DBSchema, IDBPDatabase } from "idb";

export const MOST_TRIES = 10;
const ROUNDS = 600_000; // OWASP's figure for PBKDF2 with SHA-256

interface Sealed {
  iv: Uint8Array<ArrayBuffer>;
  data: ArrayBuffer;
}

interface Lock {
  salt: Uint8Array<ArrayBuffer>;
  proof: Sealed;
  wrong: number;
}

interface Stored {
  n?: number;
  id: string;
  sealed: Sealed;
  refused: string;
}

interface Chest extends DBSchema {
  lock: { key: string; value: Lock };
  waiting: { key: number; value: Stored };
  kept: { key: string; value: Sealed }; // what was last read from the server
  device: { key: string; value: string }; // the name this device made up for itself; it opens nothing
}

export interface Words {
  kind: "liaison";
  text: string;
  place: string;
  sent_at: string;
}

// What a person did, to be sent in order: a report with its picture, a step of a task, a call-back.
export type Deed =
  | { what: "report"; words: Words; photo?: string }
  | { what: "picture"; report: number; words: Words; photo: string; tries: number } // the words were taken, it was not yet
  | { what: "step"; task: number; name: string; to: string; changed: number; outcome?: string }
  | { what: "call_back"; report: number; reached: boolean; text: string; place: string };

export interface Waiting {
  n: number;
  id: string;
  deed: Deed;
  refused: string;
}

export class WrongPassphrase extends Error {
  constructor(readonly left: number) {
    super();
  }
}

let base: Promise<IDBPDatabase<Chest>> | null = null;
const open = (): Promise<IDBPDatabase<Chest>> =>
  (base ??= openDB<Chest>("tocsin-field", 2, {
    upgrade(db, before) {
      if (before < 1) {
        db.createObjectStore("lock");
        db.createObjectStore("waiting", { keyPath: "n", autoIncrement: true });
      }
      db.createObjectStore("kept");
      db.createObjectStore("device");
    },
  }));

const random = (n: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(n));

async function derive(passphrase: string, salt: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const raw = await crypto.subtle.importKey("raw", new TextEncoder().encode(passphrase.normalize("NFKC")), "PBKDF2", false, ["deriveKey"]);
  return crypto.subtle.deriveKey({ name: "PBKDF2", hash: "SHA-256", salt, iterations: ROUNDS }, raw, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

// The name of what is sealed is bound to it, so that no two can be exchanged.
async function seal(key: CryptoKey, name: string, value: unknown): Promise<Sealed> {
  const iv = random(12);
  const additionalData = new TextEncoder().encode(name);
  return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, key, new TextEncoder().encode(JSON.stringify(value))) };
}

async function unseal<T>(key: CryptoKey, name: string, { iv, data }: Sealed): Promise<T> {
  const additionalData = new TextEncoder().encode(name);
  return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData }, key, data))) as T;
}

export const isLocked = async (): Promise<boolean> => (await (await open()).get("lock", "lock")) !== undefined;

// The key for a passphrase: a new lock where there is none, else only the right one. After too many wrong tries all is gone.
export async function unlock(passphrase: string): Promise<CryptoKey> {
  const db = await open();
  const lock = await db.get("lock", "lock");
  if (!lock) {
    const salt = random(16);
    const key = await derive(passphrase, salt);
    await db.put("lock", { salt, proof: await seal(key, "proof", "tocsin"), wrong: 0 }, "lock");
    return key;
  }
  // Counted before it is tried, so that closing the page does not save a try.
  await db.put("lock", { ...lock, wrong: lock.wrong + 1 }, "lock");
  const key = await derive(passphrase, lock.salt);
  try {
    await unseal(key, "proof", lock.proof);
  } catch {
    if (lock.wrong + 1 >= MOST_TRIES) await wipe();
    throw new WrongPassphrase(Math.max(0, MOST_TRIES - lock.wrong - 1));
  }
  await db.put("lock", { ...lock, wrong: 0 }, "lock");
  return key;
}

// Everything goes, the device's name too: after that it is a device nobody has seen.
export async function wipe(): Promise<void> {
  const db = await open();
  for (const store of ["waiting", "lock", "kept", "device"] as const) await db.clear(store);
}

// The name under which the server can tell this device to wipe itself: random, made here.
export async function device(make: boolean): Promise<string | null> {
  const db = await open();
  const known = await db.get("device", "name");
  if (known || !make) return known ?? null;
  const name = [...random(16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  await db.put("device", name, "name");
  return name;
}

export async function add(key: CryptoKey, deed: Deed): Promise<void> {
  const id = crypto.randomUUID();
  await (await open()).add("waiting", { id, sealed: await seal(key, id, deed), refused: "" });
}

export async function list(key: CryptoKey): Promise<Waiting[]> {
  const rows = await (await open()).getAll("waiting");
  return Promise.all(rows.map(async (row) => {
    const found = await unseal<Deed | Words>(key, row.id, row.sealed);
    // Before there were other deeds, a report stood by itself.
    return { n: row.n!, id: row.id, refused: row.refused, deed: "what" in found ? found : { what: "report" as const, words: found } };
  }));
}

export async function keep(key: CryptoKey, name: string, value: unknown): Promise<void> {
  await (await open()).put("kept", await seal(key, name, value), name);
}

export async function kept<T>(key: CryptoKey, name: string): Promise<T | null> {
  const found = await (await open()).get("kept", name);
  return found ? unseal<T>(key, name, found) : null;
}

// The same place in the queue, with what is left to do; or tried anew after a refusal.
export async function change(key: CryptoKey, n: number, deed: Deed): Promise<void> {
  const db = await open();
  const row = await db.get("waiting", n);
  if (row) await db.put("waiting", { ...row, sealed: await seal(key, row.id, deed), refused: "" });
}

export async function remove(n: number): Promise<void> {
  await (await open()).delete("waiting", n);
}

export async function refuse(n: number, why: string): Promise<void> {
  const db = await open();
  const row = await db.get("waiting", n);
  if (row) await db.put("waiting", { ...row, refused: why });
}
