//! The permissions that each method requires. A method without a row here is not served.

use usher_base::Permission;
use usher_rpc::Method;

/// Permits to define and delete attributes.
pub(crate) const ADMIN: [Permission; 2] = [Permission::WorkspaceAdmin, Permission::TenantAdmin];
/// Permits to read one user. Some identity providers read a user before they deactivate it.
pub(crate) const READ_ONE: [Permission; 2] = [Permission::UsersRead, Permission::UsersLeave];
/// Permits to write an existing user, the second one only to deactivate.
pub(crate) const WRITE_ONE: [Permission; 2] = [Permission::UsersWrite, Permission::UsersLeave];
const READ: &[Permission] = &[Permission::UsersRead];
const CHANGES: &[Permission] = &[Permission::ChangesRead];
const SEATS: &[Permission] = &[Permission::SeatsRead];
const BILLING: &[Permission] = &[Permission::BillingAdmin];
const WRITE: &[Permission] = &[Permission::UsersWrite];
const OPERATOR: &[Permission] = &[Permission::TenantAdmin];

/// All methods of the service.
pub const METHODS: &[Method] = &[
    Method::new("/usher.identity.v1.AttributeService/ListAttributes", READ),
    Method::new("/usher.identity.v1.AttributeService/DefineAttribute", &ADMIN),
    Method::new("/usher.identity.v1.AttributeService/DeleteAttribute", &ADMIN),
    Method::watch("/usher.identity.v1.ChangeService/WatchChanges", CHANGES),
    Method::new("/usher.identity.v1.ChangeService/ListChanges", CHANGES),
    Method::new("/usher.identity.v1.SeatService/GetSeats", SEATS),
    Method::new("/usher.identity.v1.SeatService/BeginSeatEpoch", BILLING),
    Method::new("/usher.identity.v1.GroupService/CreateGroup", WRITE),
    Method::new("/usher.identity.v1.GroupService/GetGroup", READ),
    Method::new("/usher.identity.v1.GroupService/ListGroups", READ),
    Method::new("/usher.identity.v1.GroupService/ReplaceGroup", WRITE),
    Method::new("/usher.identity.v1.GroupService/PatchGroup", WRITE),
    Method::new("/usher.identity.v1.GroupService/DeleteGroup", WRITE),
    Method::new("/usher.identity.v1.UserService/CreateUser", WRITE),
    Method::new("/usher.identity.v1.UserService/GetUser", &READ_ONE),
    Method::new("/usher.identity.v1.UserService/ListUsers", READ),
    Method::new("/usher.identity.v1.UserService/ReplaceUser", &WRITE_ONE),
    Method::new("/usher.identity.v1.UserService/PatchUser", &WRITE_ONE),
    Method::new("/usher.identity.v1.UserService/DeleteUser", &WRITE_ONE),
    Method::new("/usher.identity.v1.UserService/GetPersonNames", READ),
    Method::new("/usher.identity.v1.UserService/EraseUsers", OPERATOR),
    Method::new("/usher.identity.v1.UserService/TakeOverUsers", OPERATOR),
];
