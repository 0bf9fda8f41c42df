// A picture made small enough for a bad link. It is drawn anew, so nothing a camera writes beside it (place, owner, time) is kept.
const LONGEST = 1024;
export const MOST_BYTES = 90_000; // half a minute at 40 kbit/s, and the server waits no longer

export async function shrink(file: Blob): Promise<Blob> {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  let size = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  for (let quality = 0.7; ; quality = Math.max(0.4, quality - 0.15), size *= quality <= 0.4 ? 0.75 : 1) {
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * size));
    canvas.height = Math.max(1, Math.round(picture.height * size));
    canvas.getContext("2d")!.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const made = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", quality));
    if (!made) throw new Error("the picture cannot be read");
    if (made.size <= MOST_BYTES || canvas.width < 200) {
      picture.close();
      return made;
    }
  }
}

export async function toText(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

export const toBytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
