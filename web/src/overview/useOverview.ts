/** Asks for the overview of a range and keeps what was shown until the answer is there. */
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { type DateRange, fetchOverview, type Overview } from '../api.ts';

/** What the page can show at a moment. */
interface OverviewState {
  readonly state: 'loading' | 'ready' | 'error';
  /** The figures to show: while loading those of the range before, if any; undefined after an error. */
  readonly shown: Overview | undefined;
  /** The latest answer for any range, for what does not depend on the range. */
  readonly known: Overview | undefined;
  readonly error: Error | null;
  readonly fetching: boolean;
  readonly retry: () => void;
}

const queryKey = ['overview'];

function useLatestAnswer(): Overview | undefined {
  const states = useQueryClient().getQueryCache().findAll({ queryKey });
  const latest = states.map((query) => query.state).sort((left, right) => right.dataUpdatedAt - left.dataUpdatedAt)[0];
  return latest?.data as Overview | undefined;
}

/** The overview of a range; null is the API's default range. */
export function useOverview(range: DateRange | null): OverviewState {
  const query = useQuery({
    queryKey: [...queryKey, range],
    queryFn: ({ signal }) => fetchOverview(range, signal),
    placeholderData: keepPreviousData,
  });
  const known = useLatestAnswer();
  const loading = query.isPending || query.isPlaceholderData;
  const answered = query.data === undefined ? 'error' : 'ready';
  return {
    state: loading ? 'loading' : answered,
    shown: query.data,
    known: query.data ?? known,
    error: query.error,
    fetching: query.isFetching,
    retry: () => void query.refetch(),
  };
}
