import { CompiledQuery, PostgresDialect, PostgresDriver, type DatabaseConnection, type Driver, type PostgresDialectConfig } from 'kysely';
import { currentScope, type Scope } from '#store/scope';

/** kysely's own dialect, but for connections that know for whom they work: the database shows them those rows and no others. */
export class ScopedPostgresDialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig;

  constructor(config: PostgresDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createDriver(): Driver {
    return new ScopedPostgresDriver(this.#config);
  }
}

/**
 * Whoever takes a connection finds it in their own scope, whatever it was used for before. It is told only where that differs from the last time, which spares
 * two of three tellings: a turn of a lane has a dozen statements in one scope. To tell at each release instead would cost a round trip for every statement.
 * Hence a pooler that hands out connections by the transaction must not stand between.
 */
class ScopedPostgresDriver extends PostgresDriver {
  readonly #told = new WeakMap<DatabaseConnection, string>();

  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection();
    try {
      await this.#tell(connection, currentScope());
      return connection;
    } catch (error) {
      // kysely's own hook for this moment, `onReserveConnection`, never gives such a connection back.
      await super.releaseConnection(connection as Parameters<PostgresDriver['releaseConnection']>[0]);
      throw error;
    }
  }

  async #tell(connection: DatabaseConnection, scope: Scope): Promise<void> {
    const tenant = scope.of === 'tenant' ? scope.id : '';
    const name = `${scope.of}|${tenant}`;
    if (this.#told.get(connection) === name) return;
    // Until it has answered, nobody knows in which scope it is.
    this.#told.delete(connection);
    await connection.executeQuery(CompiledQuery.raw(TELL, [scope.of === 'nobody' ? '' : scope.of, tenant]));
    this.#told.set(connection, name);
  }
}

const TELL = `select set_config('countersign.scope', $1, false), set_config('countersign.tenant', $2, false)`;
