const encoder = new TextEncoder();

/** How many bytes the text takes in UTF-8. */
export const utf8Bytes = (text: string): number => encoder.encode(text).length;

/** The first `length` UTF-16 units at most, with blanks in place of what the server refuses in a line of text. */
export const cleanText = (text: string | undefined, length: number, refused = /\p{C}/gu): string =>
  String(text ?? '')
    .slice(0, length)
    .replace(refused, ' ');
