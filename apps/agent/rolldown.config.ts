import { nestBundle } from '../../tools/nest-bundle.ts';

export default nestBundle({ folder: import.meta.dirname });
