/** The dashboard's side of the HTTP API: the shapes it answers with, and the functions that ask for them. */

/** A span of days as YYYY-MM-DD, both included. */
export interface DateRange {
  readonly from: string;
  readonly to: string;
}

/** A figure of the range, the same figure of the period before, and the change as a fraction of that. */
export interface Comparison<Value = number> {
  readonly value: Value;
  /** Null when there is no data that far back. */
  readonly previous: number | null;
  /** Null when there is nothing to compare with. */
  readonly change: number | null;
}

/** One day; days without sales are there as zeros. Amounts are in the shop's currency. */
export interface DailySales {
  readonly date: string;
  readonly netRevenue: number;
  readonly orders: number;
}

/** One of the products that sold best, known by its source and id. */
export interface TopProduct {
  readonly source: string;
  readonly productId: string;
  readonly productName: string;
  readonly category: string;
  readonly netRevenue: number;
  readonly unitsSold: number;
}

/** What one category brought in; the share is a fraction of the range's net revenue. */
interface CategorySales {
  readonly category: string;
  readonly netRevenue: number;
  readonly share: number | null;
}

/** What was paid by one method; the share is a fraction of the range's net revenue. */
interface PaymentMethodSales {
  readonly paymentMethod: string;
  readonly netRevenue: number;
  readonly orders: number;
  readonly share: number | null;
}

/** The answer of GET /api/overview: everything that the sales overview shows for one range. */
export interface Overview {
  /** ISO 4217. */
  readonly currency: string;
  /** IANA name. */
  readonly timeZone: string;
  readonly publication: { readonly id: string; readonly publishedAt: string };
  /** The first and the last day with data. */
  readonly available: DateRange;
  readonly range: DateRange;
  readonly previousRange: DateRange;
  readonly totals: {
    readonly netRevenue: Comparison;
    readonly grossRevenue: Comparison;
    readonly returns: Comparison;
    readonly orders: Comparison;
    readonly customers: Comparison;
    /** Null when the range has no orders. */
    readonly averageOrderValue: Comparison<number | null>;
  };
  readonly daily: readonly DailySales[];
  readonly topProducts: readonly TopProduct[];
  readonly byCategory: readonly CategorySales[];
  readonly byPaymentMethod: readonly PaymentMethodSales[];
}

/** What the API answers instead, with a status of 400 or above. */
interface ApiErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string };
}

/** A request that failed, in words for the reader. */
export class ApiError extends Error {
  /** Such as MR-QRY-001; null when the server was not reached or did not answer as the API does. */
  readonly code: string | null;
  readonly remedy: string;

  constructor(code: string | null, message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ApiError';
    this.code = code;
    this.remedy = remedy;
  }
}

function isErrorBody(body: unknown): body is ApiErrorBody {
  const error = (body as Partial<ApiErrorBody> | null)?.error;
  return typeof error?.code === 'string' && typeof error.message === 'string' && typeof error.remedy === 'string';
}

async function send(path: string, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(path, { signal, headers: { accept: 'application/json' } });
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    throw new ApiError(null, 'Millrace cannot be reached.', 'Check that `millrace serve` is running.', thrown);
  }
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (thrown) {
    throw new ApiError(
      null,
      `The answer cannot be read (HTTP ${response.status}).`,
      'Check what listens at this address, and the log of `millrace serve`.',
      thrown,
    );
  }
}

async function getJson<Answer>(path: string, signal: AbortSignal): Promise<Answer> {
  const response = await send(path, signal);
  const body = await readJson(response);
  if (isErrorBody(body)) throw new ApiError(body.error.code, body.error.message, body.error.remedy);
  if (!response.ok) {
    throw new ApiError(
      null,
      `The server answered with HTTP ${response.status}.`,
      'Look at the log of `millrace serve`.',
    );
  }
  return body as Answer;
}

/** The sales of a range; null asks for the API's default range. Errors: ApiError. */
export function fetchOverview(range: DateRange | null, signal: AbortSignal): Promise<Overview> {
  const query = range === null ? '' : `?${new URLSearchParams({ from: range.from, to: range.to })}`;
  return getJson<Overview>(`/api/overview${query}`, signal);
}
