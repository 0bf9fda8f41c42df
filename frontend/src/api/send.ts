// A file on its way to the server: how far it is stands here while the page is open, whichever place one looks at.
import { signal } from "@preact/signals";
import { Failure, online, troubleOf } from "./client";

export interface Sending {
  name: string;
  sent: number;
  of: number;
  stop: () => void;
}

export const sending = signal<Sending | null>(null);

export function send<T>(path: string, file: File): Promise<T> {
  const line = new XMLHttpRequest(); // fetch does not say how much of a body has gone
  return new Promise<T>((done, fail) => {
    const end = (failure: Failure | null) => {
      sending.value = null;
      if (failure) fail(failure);
    };
    line.open("POST", `${path}?name=${encodeURIComponent(file.name.slice(-180))}`);
    line.setRequestHeader("Content-Type", "application/octet-stream");
    line.setRequestHeader("Accept", "application/json");
    line.upload.onprogress = (event) => {
      if (sending.value) sending.value = { ...sending.value, sent: event.loaded };
    };
    line.onerror = () => {
      online.value = navigator.onLine;
      end(new Failure("offline", ""));
    };
    line.onabort = () => end(new Failure("offline", ""));
    line.onload = () => {
      online.value = true;
      const told = (() => {
        try {
          return JSON.parse(line.responseText);
        } catch {
          return null;
        }
      })();
      if (line.status >= 200 && line.status < 300) {
        end(null);
        done(told as T);
      } else end(new Failure(troubleOf(line.status), told?.title ?? `${line.status}`, line.status, told));
    };
    sending.value = { name: file.name, sent: 0, of: file.size, stop: () => line.abort() };
    line.send(file);
  });
}
