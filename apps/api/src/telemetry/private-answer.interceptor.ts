import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import type { BreakdownAnswer, TimeseriesAnswer } from '@mosis/telemetry';

/** Keeps what an app's people do out of every cache. */
@Injectable()
export class PrivateAnswerInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    void reply.header('cache-control', 'private, no-store');
    return next.handle();
  }
}

/** Answers a series or a breakdown as CSV to whoever asks for it, by `?format=csv` or by Accept. */
@Injectable()
export class CsvInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    return next.handle().pipe(
      map((answer: TimeseriesAnswer | BreakdownAnswer) => {
        if (!wantsCsv(request)) return answer;
        void reply.type('text/csv; charset=utf-8');
        return toCsv(answer);
      }),
    );
  }
}

function wantsCsv(request: FastifyRequest): boolean {
  const { format } = request.query as { format?: string };
  return format === 'csv' || (format === undefined && /^text\/csv\b/i.test(request.headers.accept ?? ''));
}

/** A series as `time,key,value`, a breakdown as `key,value`, with CRLF as RFC 4180 wants it. */
export function toCsv(answer: TimeseriesAnswer | BreakdownAnswer): string {
  const rows: (string | number)[][] =
    'series' in answer
      ? [
          ['time', 'key', 'value'],
          ...answer.series.flatMap(({ key, points }) => points.map(({ time, value }) => [time, key ?? '', value])),
        ]
      : [['key', 'value'], ...answer.items.map(({ key, value }) => [key, value])];
  return rows.map((row) => `${row.map(toCell).join(',')}\r\n`).join('');
}

function toCell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  // Devices choose these texts, and a spreadsheet would run one that begins like a formula.
  const safe = /^[=+\-@＝＋－＠\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
