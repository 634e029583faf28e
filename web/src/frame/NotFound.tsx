/** What is shown at an address that is no page. */
import { Link } from '@tanstack/react-router';
import { Frame } from './Frame.tsx';
import { Notice } from './Notice.tsx';

/** Says so, and leads back. */
export function NotFound() {
  return (
    <Frame origin={undefined}>
      <main>
        <Notice title="There is no page at this address">
          <Link to="/">Go to the sales overview</Link>
        </Notice>
      </main>
    </Frame>
  );
}
