/** The QR decoder, for browsers without one of their own: a file apart, loaded when somebody scans and kept for offline. */
import decode from "qr/decode.js";

/** What the QR code in a picture says, or nothing; a search takes some milliseconds and ends by itself. */
export function read(picture: ImageData): string {
  try {
    return decode(picture);
  } catch {
    return "";
  }
}
