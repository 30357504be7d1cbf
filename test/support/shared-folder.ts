/** The variable of the environment with a folder for what the files of tests share. It is there until all tests have ended. */
export const SHARED_FOLDER = 'SLEIGH_TESTS_FOLDER';
