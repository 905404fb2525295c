import { nestBundle } from '../../tools/nest-bundle.ts';

/** The page is built before (`dashboard:bundle`) and served from beside the code. */
export default nestBundle({ folder: import.meta.dirname, assets: { dashboard: '../dashboard/bundle' } });
