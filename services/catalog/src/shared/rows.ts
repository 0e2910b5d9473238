import { Uuid } from "@mosis/types/formats";
import Type from "typebox";

/** The row of something that was made, changed or deleted. */
export const IdRow = Type.Object({ id: Uuid });

/** The row of something, with the developer that it belongs to. */
export const OwnedRow = Type.Object({ id: Uuid, developer_id: Uuid });

/** The two ids by which others refer to an app. */
export const AppIdRow = Type.Object({ id: Uuid, package_id: Type.String() });

export const CountRow = Type.Object({ count: Type.Integer() });
