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
}

export interface Words {
  kind: "liaison";
  text: string;
  place: string;
  sent_at: string;
}

export interface Waiting {
  n: number;
  id: string;
  words: Words;
  refused: string;
}

export class WrongPassphrase extends Error {
  constructor(readonly left: number) {
    super();
  }
}

let base: Promise<IDBPDatabase<Chest>> | null = null;
const open = (): Promise<IDBPDatabase<Chest>> =>
  (base ??= openDB<Chest>("tocsin-field", 1, {
    upgrade(db) {
      db.createObjectStore("lock");
      db.createObjectStore("waiting", { keyPath: "n", autoIncrement: true });
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

export async function wipe(): Promise<void> {
  const db = await open();
  await db.clear("waiting");
  await db.clear("lock");
}

export async function add(key: CryptoKey, words: Words): Promise<void> {
  const id = crypto.randomUUID();
  await (await open()).add("waiting", { id, sealed: await seal(key, id, words), refused: "" });
}

export async function list(key: CryptoKey): Promise<Waiting[]> {
  const rows = await (await open()).getAll("waiting");
  return Promise.all(rows.map(async (row) => ({ n: row.n!, id: row.id, refused: row.refused, words: await unseal<Words>(key, row.id, row.sealed) })));
}

export async function remove(n: number): Promise<void> {
  await (await open()).delete("waiting", n);
}

export async function refuse(n: number, why: string): Promise<void> {
  const db = await open();
  const row = await db.get("waiting", n);
  if (row) await db.put("waiting", { ...row, refused: why });
}
