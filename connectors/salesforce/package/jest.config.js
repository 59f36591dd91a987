const { jestConfig } = require('@salesforce/sfdx-lwc-jest/config');

module.exports = {
  ...jestConfig,
  moduleNameMapper: { ...jestConfig.moduleNameMapper, '^lightning/actions$': '<rootDir>/jest-mocks/lightning/actions' },
  testMatch: ['**/__tests__/**/*.test.js'],
  clearMocks: true,
};
