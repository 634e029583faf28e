/** The pages of the dashboard and their addresses. */
import { createRootRoute, createRoute, createRouter } from '@tanstack/react-router';
import { NotFound } from './frame/NotFound.tsx';
import { OverviewPage } from './overview/OverviewPage.tsx';
import { parseRangeSearch } from './range.ts';

const rootRoute = createRootRoute({ notFoundComponent: NotFound });

const overviewRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  validateSearch: parseRangeSearch,
  component: function OverviewRoute() {
    const { from, to } = overviewRoute.useSearch();
    const navigate = overviewRoute.useNavigate();
    return (
      <OverviewPage
        requested={from !== undefined && to !== undefined ? { from, to } : null}
        onRangeChange={(range) => void navigate({ search: range ?? {}, resetScroll: false })}
      />
    );
  },
});

/** The router; the range of the overview lives in its search parameters. */
export const router = createRouter({
  routeTree: rootRoute.addChildren([overviewRoute]),
  // Without this, what the validation drops would still reach the page.
  search: { strict: true },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
