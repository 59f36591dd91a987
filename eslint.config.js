import tseslint from 'typescript-eslint';

/** Rules that a machine can decide on its own. What it cannot (who imports whom, names, docs) is in test/tidy.test.ts. */
const noDefaultExport = { selector: 'ExportDefaultDeclaration', message: 'Export by name: a default export is called differently in each file that imports it.' };

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'coverage/**', 'data/**', 'screenshots/**', 'connectors/hubspot/app/**', 'connectors/salesforce/package/**'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      // A port is often filled by a function that has nothing to wait for; its callers still see a promise.
      '@typescript-eslint/require-await': 'off',
      // `${number}` is how keys and sentences are written here; objects and errors stay forbidden.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true, allowNullish: false, allow: ['URL', 'URLSearchParams'] }],
      // Contracts here are objects of closures; a method of a class is bound where it is handed on.
      '@typescript-eslint/unbound-method': 'off',
      'no-restricted-syntax': ['error', noDefaultExport],
      // `== null` is the one way to ask for null and undefined at once.
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      complexity: ['warn', 15],
      'max-lines-per-function': ['warn', { max: 90, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    // Tests hold fakes and odd bodies, and a whole story is one function.
    files: ['test/**/*.ts', 'test/**/*.tsx'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      'no-console': 'off',
      'max-lines-per-function': 'off',
      complexity: 'off',
    },
  },
  // A sandbox takes whatever a client sends it, and form values may be files.
  { files: ['connectors/*/sandbox/**', 'connectors/*/sandbox.ts'], rules: { '@typescript-eslint/no-base-to-string': 'off' } },
  // Hono types the input of a wildcard route as any, and its elements print as their HTML.
  { files: ['src/http/**'], rules: { '@typescript-eslint/no-unsafe-argument': 'off', '@typescript-eslint/no-base-to-string': 'off' } },
  { files: ['*.config.ts'], rules: { 'no-restricted-syntax': 'off' } },
  { files: ['src/main.ts', 'src/cli/**', 'src/cli.ts'], rules: { 'no-console': 'off' } },
);
