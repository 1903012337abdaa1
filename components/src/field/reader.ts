/** Reads codes in a camera's frames: by the browser where it can, elsewhere by a decoder that is loaded for it. */

interface Detector {
  detect(source: CanvasImageSource): Promise<{ rawValue: string }[]>;
}
declare const BarcodeDetector:
  | { new (options: { formats: string[] }): Detector; getSupportedFormats(): Promise<string[]> }
  | undefined;

/** What the code in the present frame says, or nothing. */
export type Reader = (video: HTMLVideoElement) => Promise<string>;

const QR = "qr_code";
/** Pixels of the longer side that the decoder is given: enough for a code of a quarter of the frame, and soon searched. */
const SIDE = 640;

/** Return how this browser reads codes. Fails when the decoder is needed and cannot be loaded. */
export async function reader(): Promise<Reader> {
  return (await native()) ?? decoder((await import("./qr")).read);
}

async function native(): Promise<Reader | undefined> {
  if (typeof BarcodeDetector === "undefined") return undefined;
  const able = await BarcodeDetector.getSupportedFormats().catch((): string[] => []);
  if (!able.includes(QR)) return undefined;
  const detector = new BarcodeDetector({ formats: [QR, "data_matrix"].filter((each) => able.includes(each)) });
  return async (video) => (await detector.detect(video).catch(() => []))[0]?.rawValue ?? "";
}

/** Look at the whole frame and at the square in its middle in turn: a small code then has pixels enough. */
function decoder(read: (picture: ImageData) => string): Reader {
  const drawn = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
  let near = false;
  return async (video) => {
    const { videoWidth, videoHeight } = video;
    if (!videoWidth) return "";
    const square = Math.min(videoWidth, videoHeight, SIDE);
    const [width, height] = near ? [square, square] : [videoWidth, videoHeight];
    const scale = Math.min(1, SIDE / Math.max(width, height));
    const { canvas } = drawn;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const [left, top] = [(videoWidth - width) / 2, (videoHeight - height) / 2];
    drawn.drawImage(video, left, top, width, height, 0, 0, canvas.width, canvas.height);
    near = !near;
    return read(drawn.getImageData(0, 0, canvas.width, canvas.height));
  };
}
